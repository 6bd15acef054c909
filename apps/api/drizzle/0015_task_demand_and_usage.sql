ALTER TABLE `runs` ADD `cpuMs` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `peakMemory` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `demand` text;