CREATE TABLE `attempts` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`windowEndsAtMs` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attempts_by_end` ON `attempts` (`windowEndsAtMs`);--> statement-breakpoint
CREATE TABLE `audit_entries` (
	`entryId` text PRIMARY KEY NOT NULL,
	`orgId` text,
	`atMs` integer NOT NULL,
	`actor` text NOT NULL,
	`address` text,
	`action` text NOT NULL,
	`subject` text,
	`outcome` text NOT NULL,
	`detail` text
);
--> statement-breakpoint
CREATE INDEX `audit_entries_by_org` ON `audit_entries` (`orgId`,`atMs`);--> statement-breakpoint
CREATE TABLE `auth_sessions` (
	`tokenHash` text PRIMARY KEY NOT NULL,
	`userId` text NOT NULL,
	`expiresAtMs` integer NOT NULL,
	`createdAtMs` integer NOT NULL,
	`address` text NOT NULL,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `auth_sessions_by_user` ON `auth_sessions` (`userId`);--> statement-breakpoint
CREATE INDEX `auth_sessions_by_expiry` ON `auth_sessions` (`expiresAtMs`);--> statement-breakpoint
CREATE TABLE `claims` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`fence` integer NOT NULL,
	`expiresAtMs` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `enrolments` (
	`enrolmentId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`tokenHash` text NOT NULL,
	`name` text,
	`isThisMachine` integer NOT NULL,
	`createdAtMs` integer NOT NULL,
	`expiresAtMs` integer NOT NULL,
	`usedAtMs` integer,
	`serverId` text,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `enrolments_tokenHash_unique` ON `enrolments` (`tokenHash`);--> statement-breakpoint
CREATE INDEX `enrolments_by_org` ON `enrolments` (`orgId`);--> statement-breakpoint
CREATE TABLE `events` (
	`eventId` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`orgId` text NOT NULL,
	`kind` text NOT NULL,
	`subjectId` text NOT NULL,
	`atMs` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_by_org` ON `events` (`orgId`,`eventId`);--> statement-breakpoint
CREATE INDEX `events_by_time` ON `events` (`atMs`);--> statement-breakpoint
CREATE TABLE `members` (
	`orgId` text NOT NULL,
	`userId` text NOT NULL,
	`role` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	PRIMARY KEY(`orgId`, `userId`),
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `members_by_user` ON `members` (`userId`);--> statement-breakpoint
CREATE TABLE `orgs` (
	`orgId` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`claimedAtMs` integer
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`serverId` text NOT NULL,
	`position` integer NOT NULL,
	`entry` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	PRIMARY KEY(`serverId`, `position`),
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `projects` (
	`projectId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`workspaceId` text NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`branch` text,
	`repository` text,
	`state` text NOT NULL,
	`cloneTaskId` text NOT NULL,
	`cloneMessage` text,
	`testCommand` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`workspaceId`) REFERENCES `workspaces`(`workspaceId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `projects_by_name` ON `projects` (`workspaceId`,`name`);--> statement-breakpoint
CREATE TABLE `runs` (
	`runId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`taskId` text NOT NULL,
	`serverId` text NOT NULL,
	`commandId` text NOT NULL,
	`attempt` integer NOT NULL,
	`outboxPosition` integer NOT NULL,
	`expiresAtMs` integer NOT NULL,
	`state` text NOT NULL,
	`cancelAskedAtMs` integer,
	`verdict` text,
	`exitCode` integer,
	`signal` text,
	`code` text,
	`message` text,
	`dispatchedAtMs` integer,
	`startedAtMs` integer,
	`endedAtMs` integer,
	`durationMs` integer,
	`outputBytes` integer,
	`outputCutBytes` integer,
	`tail` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_by_task` ON `runs` (`orgId`,`taskId`,`attempt`);--> statement-breakpoint
CREATE INDEX `runs_by_server` ON `runs` (`serverId`,`state`);--> statement-breakpoint
CREATE TABLE `servers` (
	`serverId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`name` text NOT NULL,
	`isThisMachine` integer NOT NULL,
	`publicKey` text NOT NULL,
	`keyFingerprint` text NOT NULL,
	`status` text NOT NULL,
	`statusSinceMs` integer NOT NULL,
	`capabilities` text,
	`bootId` text,
	`createdAtMs` integer NOT NULL,
	`outboxHead` integer DEFAULT 0 NOT NULL,
	`outboxThrough` integer DEFAULT 0 NOT NULL,
	`reportSeq` integer DEFAULT 0 NOT NULL,
	`reportMark` text,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `servers_publicKey_unique` ON `servers` (`publicKey`);--> statement-breakpoint
CREATE INDEX `servers_by_org` ON `servers` (`orgId`,`createdAtMs`);--> statement-breakpoint
CREATE INDEX `servers_with_outbox` ON `servers` (`outboxThrough`,`outboxHead`);--> statement-breakpoint
CREATE TABLE `setup_tokens` (
	`tokenHash` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`usedAtMs` integer,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `tasks` (
	`orgId` text NOT NULL,
	`taskId` text NOT NULL,
	`workspaceId` text NOT NULL,
	`projectId` text,
	`serverId` text NOT NULL,
	`action` text NOT NULL,
	`effect` text NOT NULL,
	`params` text NOT NULL,
	`priority` text NOT NULL,
	`bodyHash` text NOT NULL,
	`isListed` integer NOT NULL,
	`submittedBy` text NOT NULL,
	`submittedAtMs` integer NOT NULL,
	PRIMARY KEY(`orgId`, `taskId`),
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`workspaceId`) REFERENCES `workspaces`(`workspaceId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`projectId`) REFERENCES `projects`(`projectId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`submittedBy`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `tasks_by_org` ON `tasks` (`orgId`,`isListed`,`submittedAtMs`);--> statement-breakpoint
CREATE INDEX `tasks_by_project` ON `tasks` (`projectId`,`isListed`,`submittedAtMs`);--> statement-breakpoint
CREATE INDEX `tasks_by_workspace` ON `tasks` (`workspaceId`,`isListed`,`submittedAtMs`);--> statement-breakpoint
CREATE TABLE `users` (
	`userId` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`passwordHash` text NOT NULL,
	`createdAtMs` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);--> statement-breakpoint
CREATE TABLE `workspaces` (
	`workspaceId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`name` text NOT NULL,
	`serverId` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `workspaces_by_name` ON `workspaces` (`orgId`,`name`);