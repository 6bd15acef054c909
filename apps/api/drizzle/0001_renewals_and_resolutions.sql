CREATE TABLE `renewals` (
	`commandId` text PRIMARY KEY NOT NULL,
	`runId` text NOT NULL,
	`signedAtMs` integer NOT NULL,
	`expiresAtMs` integer NOT NULL,
	FOREIGN KEY (`runId`) REFERENCES `runs`(`runId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `renewals_by_run` ON `renewals` (`runId`);--> statement-breakpoint
ALTER TABLE `runs` ADD `keyFingerprint` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `resolution` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `resolvedBy` text REFERENCES users(userId);--> statement-breakpoint
ALTER TABLE `runs` ADD `resolvedAtMs` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `rerunTaskId` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `quarantinedUntilMs` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `rerunOf` text;