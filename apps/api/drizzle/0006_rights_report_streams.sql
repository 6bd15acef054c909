CREATE TABLE `ended_report_streams` (
	`serverId` text NOT NULL,
	`stream` text NOT NULL,
	PRIMARY KEY(`serverId`, `stream`),
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `servers` ADD `reportStream` text;--> statement-breakpoint
ALTER TABLE `servers` ADD `reportHash` text;