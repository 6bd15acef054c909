CREATE TABLE `api_keys` (
	`keyId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`userId` text NOT NULL,
	`keyHash` text NOT NULL,
	`hint` text NOT NULL,
	`createdBy` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`endsAtMs` integer,
	`revokedAtMs` integer,
	`lastUsedAtMs` integer,
	`lastUsedAddress` text,
	FOREIGN KEY (`userId`) REFERENCES `service_accounts`(`userId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`createdBy`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_keyHash_unique` ON `api_keys` (`keyHash`);--> statement-breakpoint
CREATE INDEX `api_keys_by_account` ON `api_keys` (`userId`);--> statement-breakpoint
CREATE TABLE `service_accounts` (
	`userId` text PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`name` text NOT NULL,
	`placeId` text NOT NULL,
	`permissions` text,
	`createdBy` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`removedAtMs` integer,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`createdBy`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `service_accounts_by_name` ON `service_accounts` (`orgId`,`name`) WHERE "removedAtMs" is null;