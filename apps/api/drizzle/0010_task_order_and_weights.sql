CREATE TABLE `quota_weights` (
	`nodeId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`weight` integer NOT NULL,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `tasks` ADD `after` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `isParallel` integer DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE quota_history SET before = json_set(before, '$.weight', 1), after = json_set(after, '$.weight', 1);
