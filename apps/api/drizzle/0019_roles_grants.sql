CREATE TABLE `grants` (
	`orgId` text NOT NULL,
	`userId` text NOT NULL,
	`placeId` text NOT NULL,
	`workspaceId` text NOT NULL,
	`projectId` text,
	`role` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	PRIMARY KEY(`orgId`, `userId`, `placeId`),
	FOREIGN KEY (`workspaceId`) REFERENCES `workspaces`(`workspaceId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`projectId`) REFERENCES `projects`(`projectId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`orgId`,`userId`) REFERENCES `members`(`orgId`,`userId`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `grants_by_place` ON `grants` (`placeId`);--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_members` (
	`orgId` text NOT NULL,
	`userId` text NOT NULL,
	`role` text,
	`createdAtMs` integer NOT NULL,
	PRIMARY KEY(`orgId`, `userId`),
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_members`("orgId", "userId", "role", "createdAtMs") SELECT "orgId", "userId", "role", "createdAtMs" FROM `members`;--> statement-breakpoint
DROP TABLE `members`;--> statement-breakpoint
ALTER TABLE `__new_members` RENAME TO `members`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE INDEX `members_by_user` ON `members` (`userId`);