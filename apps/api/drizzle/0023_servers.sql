CREATE TABLE `shares` (
	`shareId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`serverId` text NOT NULL,
	`label` text NOT NULL,
	`state` text NOT NULL,
	`limits` text NOT NULL,
	`weight` integer NOT NULL,
	`tokenHash` text,
	`createdBy` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`expiresAtMs` integer NOT NULL,
	`guestOrgId` text,
	`guestName` text,
	`acceptedAtMs` integer,
	`withdrawnAtMs` integer,
	`cancelsRuns` integer DEFAULT false NOT NULL,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`guestOrgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `shares_tokenHash_unique` ON `shares` (`tokenHash`);--> statement-breakpoint
CREATE INDEX `shares_by_server` ON `shares` (`serverId`,`createdAtMs`);--> statement-breakpoint
CREATE INDEX `shares_by_guest` ON `shares` (`guestOrgId`,`serverId`,`state`);--> statement-breakpoint
CREATE INDEX `shares_by_state` ON `shares` (`state`);--> statement-breakpoint
ALTER TABLE `enrolments` ADD `createdBy` text;--> statement-breakpoint
ALTER TABLE `enrolments` ADD `revokedAtMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `labels` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `servers` ADD `cordonedAtMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `drainingSinceMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `cordonPosition` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `cordonTakenAtMs` integer;