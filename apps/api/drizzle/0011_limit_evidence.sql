CREATE TABLE `limit_evidence` (
	`serverId` text NOT NULL,
	`orgId` text NOT NULL,
	`nodeId` text NOT NULL,
	`resource` text NOT NULL,
	`wanted` integer,
	`actual` integer,
	`state` text NOT NULL,
	`source` text NOT NULL,
	`atMs` integer NOT NULL,
	`sinceMs` integer NOT NULL,
	PRIMARY KEY(`serverId`, `nodeId`, `resource`),
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `limit_evidence_by_node` ON `limit_evidence` (`orgId`,`nodeId`);--> statement-breakpoint
CREATE INDEX `limit_mismatches` ON `limit_evidence` (`serverId`,`sinceMs`) WHERE "state" = 'mismatch';--> statement-breakpoint
CREATE TABLE `limit_evidence_history` (
	`historyId` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`serverId` text NOT NULL,
	`orgId` text NOT NULL,
	`nodeId` text NOT NULL,
	`resource` text NOT NULL,
	`wanted` integer,
	`actual` integer,
	`state` text NOT NULL,
	`source` text NOT NULL,
	`atMs` integer NOT NULL,
	`heardAtMs` integer NOT NULL,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `limit_evidence_history_by_node` ON `limit_evidence_history` (`orgId`,`nodeId`,`historyId`);--> statement-breakpoint
CREATE INDEX `limit_evidence_history_by_server` ON `limit_evidence_history` (`serverId`,`historyId`);--> statement-breakpoint
CREATE INDEX `limit_evidence_history_by_time` ON `limit_evidence_history` (`heardAtMs`);--> statement-breakpoint
CREATE TABLE `limit_reports` (
	`serverId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`saidAtMs` integer NOT NULL,
	`atMs` integer NOT NULL,
	`mark` text NOT NULL,
	`driver` text NOT NULL,
	`limited` text NOT NULL,
	`seenMismatchAtMs` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `projects` ADD `network` text DEFAULT '{"mode":"all","hosts":[]}' NOT NULL;--> statement-breakpoint
ALTER TABLE `projects` ADD `lifecycle` text DEFAULT 'active' NOT NULL;