CREATE TABLE `purged_orgs` (
	`orgId` text PRIMARY KEY NOT NULL,
	`startedAtMs` integer NOT NULL,
	`endedAtMs` integer,
	`auditSeq` integer,
	`auditHash` text
);
--> statement-breakpoint
CREATE TABLE `invitations` (
	`invitationId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`email` text NOT NULL,
	`role` text NOT NULL,
	`tokenHash` text NOT NULL,
	`invitedBy` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`expiresAtMs` integer NOT NULL,
	`revokedAtMs` integer,
	`acceptedAtMs` integer,
	`acceptedBy` text,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`invitedBy`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`acceptedBy`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_tokenHash_unique` ON `invitations` (`tokenHash`);--> statement-breakpoint
CREATE INDEX `invitations_by_org` ON `invitations` (`orgId`,`createdAtMs`);--> statement-breakpoint
ALTER TABLE `orgs` ADD `access` text DEFAULT '{"addresses":[],"requiresMfa":false}' NOT NULL;--> statement-breakpoint
ALTER TABLE `orgs` ADD `deleteAtMs` integer;--> statement-breakpoint
ALTER TABLE `auth_sessions` ADD `activeOrgId` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `nameKey` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `nameLook` text;--> statement-breakpoint
CREATE UNIQUE INDEX `servers_by_name_key` ON `servers` (`orgId`,`nameKey`) WHERE "revokedAtMs" is null;--> statement-breakpoint
CREATE UNIQUE INDEX `servers_by_name_look` ON `servers` (`orgId`,`nameLook`) WHERE "revokedAtMs" is null;--> statement-breakpoint
ALTER TABLE `projects` ADD `nameKey` text;--> statement-breakpoint
ALTER TABLE `projects` ADD `nameLook` text;--> statement-breakpoint
CREATE UNIQUE INDEX `projects_by_name_key` ON `projects` (`workspaceId`,`nameKey`);--> statement-breakpoint
CREATE UNIQUE INDEX `projects_by_name_look` ON `projects` (`workspaceId`,`nameLook`);--> statement-breakpoint
ALTER TABLE `workspaces` ADD `nameKey` text;--> statement-breakpoint
ALTER TABLE `workspaces` ADD `nameLook` text;--> statement-breakpoint
CREATE UNIQUE INDEX `workspaces_by_name_key` ON `workspaces` (`orgId`,`nameKey`);--> statement-breakpoint
CREATE UNIQUE INDEX `workspaces_by_name_look` ON `workspaces` (`orgId`,`nameLook`);