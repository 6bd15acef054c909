ALTER TABLE `runs` ADD `leaseEndedAtMs` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `isDetached` integer DEFAULT true NOT NULL;