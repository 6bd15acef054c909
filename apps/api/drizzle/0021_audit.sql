CREATE TABLE `audit_cuts` (
	`chainId` text NOT NULL,
	`seq` integer NOT NULL,
	`statement` text NOT NULL,
	PRIMARY KEY(`chainId`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `audit_refusals` (
	`chainId` text NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`detail` text NOT NULL,
	`apart` text NOT NULL,
	`sinceMs` integer NOT NULL,
	`lastAtMs` integer NOT NULL,
	`count` integer NOT NULL,
	`address` text,
	PRIMARY KEY(`chainId`, `actor`, `action`, `detail`, `apart`)
);
--> statement-breakpoint
CREATE INDEX `audit_refusals_by_time` ON `audit_refusals` (`sinceMs`);--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `keptDays` integer;--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `cutSeq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `cutHash` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `cutAtMs` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `verifiedSeq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `verifiedAtMs` integer;--> statement-breakpoint
ALTER TABLE `audit_chains` ADD `verifiedFault` text;