ALTER TABLE `servers` ADD `keysVersion` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `servers` ADD `trustMark` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `revokedAtMs` integer;--> statement-breakpoint
ALTER TABLE `servers` ADD `connectionAlert` text;