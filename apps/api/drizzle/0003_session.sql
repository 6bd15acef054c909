CREATE TABLE `stream_keys` (
	`orgId` text NOT NULL,
	`ownerId` text NOT NULL,
	`epoch` integer NOT NULL,
	`sealedKey` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	PRIMARY KEY(`orgId`, `ownerId`, `epoch`),
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `orgs` ADD `contentEpoch` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `runs` ADD `quote` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `sealingKey` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `servers` ADD `keysVersion` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `servers` ADD `trustMark` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `revokedAtMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `connectionAlert` text;--> statement-breakpoint
ALTER TABLE `tasks` ADD `secretInput` text;--> statement-breakpoint
CREATE INDEX `tasks_with_secrets` ON `tasks` (`orgId`,`taskId`) WHERE "secretInput" is not null;