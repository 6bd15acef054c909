ALTER TABLE `runs` ADD `cancelKey` text;--> statement-breakpoint
CREATE INDEX `runs_cancelling` ON `runs` (`cancelKey`) WHERE "cancelAskedAtMs" is not null and "state" <> 'ended';