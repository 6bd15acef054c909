ALTER TABLE `enrolments` ADD `createdBy` text;--> statement-breakpoint
ALTER TABLE `enrolments` ADD `revokedAtMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `labels` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `servers` ADD `cordonedAtMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `drainingSinceMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `cordonPosition` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `cordonTakenAtMs` integer;