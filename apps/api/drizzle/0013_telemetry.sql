CREATE TABLE `telemetry_nodes` (
	`nodeKey` integer PRIMARY KEY NOT NULL,
	`orgId` text NOT NULL,
	`nodeId` text NOT NULL,
	`changedFromMs` integer,
	FOREIGN KEY (`orgId`) REFERENCES `orgs`(`orgId`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `telemetry_nodes_nodeId_unique` ON `telemetry_nodes` (`nodeId`);--> statement-breakpoint
CREATE INDEX `telemetry_nodes_changed` ON `telemetry_nodes` (`changedFromMs`);--> statement-breakpoint
CREATE TABLE `telemetry_points` (
	`nodeKey` integer NOT NULL,
	`stepMs` integer NOT NULL,
	`atMs` integer NOT NULL,
	`readings` integer NOT NULL,
	`cpuSum` real NOT NULL,
	`cpuMax` integer NOT NULL,
	`memorySum` real NOT NULL,
	`memoryMax` integer NOT NULL,
	`diskMax` integer,
	`runsMax` integer NOT NULL,
	`pressureReadings` integer NOT NULL,
	`pressureCpuSum` real NOT NULL,
	`pressureMemorySum` real NOT NULL,
	`pressureIoSum` real NOT NULL,
	`cpuCapacity` integer,
	`memoryTotal` integer,
	`diskTotal` integer,
	`loadSum` real,
	`receivedSum` real,
	`sentSum` real,
	`networkMs` integer,
	PRIMARY KEY(`nodeKey`, `stepMs`, `atMs`),
	FOREIGN KEY (`nodeKey`) REFERENCES `telemetry_nodes`(`nodeKey`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
