CREATE TABLE `audit_chains` (
	`chainId` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`hash` text NOT NULL,
	`toldSeq` integer DEFAULT 0 NOT NULL,
	`toldAtMs` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_chains_to_tell` ON `audit_chains` (`toldAtMs`) WHERE "seq" > "toldSeq";--> statement-breakpoint
CREATE TABLE `audit_witnesses` (
	`serverId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`seq` integer DEFAULT 0 NOT NULL,
	`hash` text DEFAULT '' NOT NULL,
	`atMs` integer DEFAULT 0 NOT NULL,
	`evidence` text,
	`conflictSeq` integer,
	`conflictHash` text,
	`conflictAtMs` integer,
	`conflictEvidence` text,
	FOREIGN KEY (`serverId`) REFERENCES `servers`(`serverId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `audit_entries` ADD `seq` integer;--> statement-breakpoint
ALTER TABLE `audit_entries` ADD `hash` text;--> statement-breakpoint
CREATE INDEX `audit_entries_by_seq` ON `audit_entries` (`orgId`,`seq`);--> statement-breakpoint
CREATE INDEX `audit_entries_unchained` ON `audit_entries` (`seq`) WHERE "seq" is null;