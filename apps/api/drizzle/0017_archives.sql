CREATE TABLE `archives` (
	`archiveId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`workspaceId` text NOT NULL,
	`projectId` text,
	`serverId` text NOT NULL,
	`taskId` text NOT NULL,
	`sizeBytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`projects` text NOT NULL,
	`madeAtMs` integer NOT NULL,
	`deleteTaskId` text,
	`removal` text,
	`removedAtMs` integer,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`workspaceId`) REFERENCES `workspaces`(`workspaceId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`projectId`) REFERENCES `projects`(`projectId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `archives_by_owner` ON `archives` (`workspaceId`,`projectId`,`madeAtMs`);--> statement-breakpoint
ALTER TABLE `projects` ADD `archivesKept` integer DEFAULT 5 NOT NULL;--> statement-breakpoint
ALTER TABLE `workspaces` ADD `archivesKept` integer DEFAULT 5 NOT NULL;--> statement-breakpoint
CREATE INDEX `tasks_archiving` ON `tasks` (`workspaceId`,`submittedAtMs`) WHERE "action" in ('project.archive', 'project.restore', 'project.deleteArchive', 'workspace.archive', 'workspace.restore', 'workspace.deleteArchive');