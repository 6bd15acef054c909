CREATE TABLE `passkey_challenges` (
	`challengeHash` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`userId` text,
	`expiresAtMs` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `passkey_challenges_by_end` ON `passkey_challenges` (`expiresAtMs`);--> statement-breakpoint
CREATE TABLE `passkeys` (
	`passkeyId` text PRIMARY KEY NOT NULL,
	`userId` text NOT NULL,
	`credentialId` text NOT NULL,
	`publicKey` text NOT NULL,
	`counter` integer NOT NULL,
	`transports` text NOT NULL,
	`name` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`lastUsedAtMs` integer,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `passkeys_credentialId_unique` ON `passkeys` (`credentialId`);--> statement-breakpoint
CREATE INDEX `passkeys_by_user` ON `passkeys` (`userId`);--> statement-breakpoint
CREATE TABLE `pending_sign_ins` (
	`tokenHash` text PRIMARY KEY NOT NULL,
	`userId` text NOT NULL,
	`expiresAtMs` integer NOT NULL,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `pending_sign_ins_by_end` ON `pending_sign_ins` (`expiresAtMs`);--> statement-breakpoint
CREATE TABLE `recovery_codes` (
	`userId` text NOT NULL,
	`codeHash` text NOT NULL,
	`usedAtMs` integer,
	PRIMARY KEY(`userId`, `codeHash`),
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `totp_secrets` (
	`userId` text PRIMARY KEY NOT NULL,
	`sealedSecret` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`confirmedAtMs` integer,
	`lastStep` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`userId`) REFERENCES `users`(`userId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `account_links` (
	`linkId` text PRIMARY KEY NOT NULL,
	`tokenHash` text NOT NULL,
	`kind` text NOT NULL,
	`userId` text,
	`email` text NOT NULL,
	`createdAtMs` integer NOT NULL,
	`expiresAtMs` integer NOT NULL,
	`usedAtMs` integer,
	`sentAtMs` integer,
	`sealedToken` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `account_links_tokenHash_unique` ON `account_links` (`tokenHash`);--> statement-breakpoint
CREATE INDEX `account_links_by_user` ON `account_links` (`userId`);--> statement-breakpoint
CREATE INDEX `account_links_by_end` ON `account_links` (`expiresAtMs`);--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_users` (
	`userId` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`passwordHash` text,
	`createdAtMs` integer NOT NULL,
	`isOperator` integer DEFAULT false NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_users`("userId", "email", "passwordHash", "createdAtMs", "isOperator") SELECT "userId", "email", "passwordHash", "createdAtMs", "isOperator" FROM `users`;--> statement-breakpoint
DROP TABLE `users`;--> statement-breakpoint
ALTER TABLE `__new_users` RENAME TO `users`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);--> statement-breakpoint
ALTER TABLE `auth_sessions` ADD `signInId` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `auth_sessions` ADD `userAgent` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `auth_sessions` ADD `lastUsedAtMs` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `auth_sessions` ADD `authenticatedAtMs` integer DEFAULT 0 NOT NULL;