CREATE TABLE `bridge_updates` (
	`rolloutId` text NOT NULL,
	`serverId` text NOT NULL,
	`orgId` text NOT NULL,
	`place` integer NOT NULL,
	`state` text NOT NULL,
	`fromVersion` text NOT NULL,
	`runId` text,
	`commandId` text,
	`taskId` text,
	`sentAtMs` integer,
	`reportedAtMs` integer,
	`changedAtMs` integer NOT NULL,
	`message` text,
	PRIMARY KEY(`rolloutId`, `serverId`),
	FOREIGN KEY (`rolloutId`) REFERENCES `rollouts`(`rolloutId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `bridge_updates_by_server` ON `bridge_updates` (`serverId`,`rolloutId`);--> statement-breakpoint
CREATE INDEX `bridge_updates_by_run` ON `bridge_updates` (`runId`);--> statement-breakpoint
CREATE TABLE `rollouts` (
	`rolloutId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`version` text NOT NULL,
	`manifestHash` text NOT NULL,
	`triesAgain` integer NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`startedBy` text NOT NULL,
	`startedAtMs` integer NOT NULL,
	`endedAtMs` integer,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`startedBy`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `rollouts_by_org` ON `rollouts` (`orgId`,`rolloutId`);--> statement-breakpoint
CREATE INDEX `rollouts_by_state` ON `rollouts` (`state`);