-- Limits of io: a column in each table of the ledger, whose triggers name all columns. Without them the rows are only moved.
DROP TRIGGER quota_reservations_fit;
--> statement-breakpoint
DROP TRIGGER quota_reservations_made;
--> statement-breakpoint
DROP TRIGGER quota_reservations_changed;
--> statement-breakpoint
DROP TRIGGER quota_nodes_added;
--> statement-breakpoint
DROP TRIGGER quota_nodes_limited;
--> statement-breakpoint
DROP TRIGGER quota_nodes_moved;
--> statement-breakpoint
DROP TRIGGER quota_nodes_removed;
--> statement-breakpoint
CREATE TABLE quota_nodes_before AS SELECT * FROM quota_nodes;
--> statement-breakpoint
DROP TABLE quota_nodes;
--> statement-breakpoint
CREATE TABLE quota_nodes (
  id TEXT PRIMARY KEY,
  parent_id TEXT,
  limit_cpu INTEGER, limit_memory INTEGER, limit_disk INTEGER, limit_bandwidth INTEGER, limit_io INTEGER, limit_agents INTEGER, limit_runs INTEGER, limit_projects INTEGER, limit_members INTEGER, limit_servers INTEGER,
  held_cpu INTEGER NOT NULL DEFAULT 0, held_memory INTEGER NOT NULL DEFAULT 0, held_disk INTEGER NOT NULL DEFAULT 0, held_bandwidth INTEGER NOT NULL DEFAULT 0, held_io INTEGER NOT NULL DEFAULT 0, held_agents INTEGER NOT NULL DEFAULT 0, held_runs INTEGER NOT NULL DEFAULT 0, held_projects INTEGER NOT NULL DEFAULT 0, held_members INTEGER NOT NULL DEFAULT 0, held_servers INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO quota_nodes (id, parent_id, limit_cpu, limit_memory, limit_disk, limit_bandwidth, limit_agents, limit_runs, limit_projects, limit_members, limit_servers, held_cpu, held_memory, held_disk, held_bandwidth, held_agents, held_runs, held_projects, held_members, held_servers) SELECT id, parent_id, limit_cpu, limit_memory, limit_disk, limit_bandwidth, limit_agents, limit_runs, limit_projects, limit_members, limit_servers, held_cpu, held_memory, held_disk, held_bandwidth, held_agents, held_runs, held_projects, held_members, held_servers FROM quota_nodes_before;
--> statement-breakpoint
DROP TABLE quota_nodes_before;
--> statement-breakpoint
CREATE TABLE quota_reservations_before AS SELECT * FROM quota_reservations;
--> statement-breakpoint
DROP TABLE quota_reservations;
--> statement-breakpoint
CREATE TABLE quota_reservations (
  id TEXT PRIMARY KEY,
  node_id TEXT NOT NULL,
  state TEXT NOT NULL,
  expires_at_ms INTEGER,
  amount_cpu INTEGER NOT NULL, amount_memory INTEGER NOT NULL, amount_disk INTEGER NOT NULL, amount_bandwidth INTEGER NOT NULL, amount_io INTEGER NOT NULL, amount_agents INTEGER NOT NULL, amount_runs INTEGER NOT NULL, amount_projects INTEGER NOT NULL, amount_members INTEGER NOT NULL, amount_servers INTEGER NOT NULL,
  held_cpu INTEGER NOT NULL, held_memory INTEGER NOT NULL, held_disk INTEGER NOT NULL, held_bandwidth INTEGER NOT NULL, held_io INTEGER NOT NULL, held_agents INTEGER NOT NULL, held_runs INTEGER NOT NULL, held_projects INTEGER NOT NULL, held_members INTEGER NOT NULL, held_servers INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX quota_reservations_expiring ON quota_reservations (expires_at_ms) WHERE state = 'reserved' AND expires_at_ms IS NOT NULL;
--> statement-breakpoint
INSERT INTO quota_reservations (id, node_id, state, expires_at_ms, amount_cpu, amount_memory, amount_disk, amount_bandwidth, amount_agents, amount_runs, amount_projects, amount_members, amount_servers, amount_io, held_cpu, held_memory, held_disk, held_bandwidth, held_agents, held_runs, held_projects, held_members, held_servers, held_io) SELECT id, node_id, state, expires_at_ms, amount_cpu, amount_memory, amount_disk, amount_bandwidth, amount_agents, amount_runs, amount_projects, amount_members, amount_servers, 0, held_cpu, held_memory, held_disk, held_bandwidth, held_agents, held_runs, held_projects, held_members, held_servers, 0 FROM quota_reservations_before;
--> statement-breakpoint
DROP TABLE quota_reservations_before;
--> statement-breakpoint
UPDATE quota_changes SET before = CASE WHEN before IS NULL THEN NULL WHEN reservation_id IS NULL THEN json_set(before, '$.limit', json_array(json_extract(before, '$.limit[0]'), json_extract(before, '$.limit[1]'), json_extract(before, '$.limit[2]'), json_extract(before, '$.limit[3]'), NULL, json_extract(before, '$.limit[4]'), json_extract(before, '$.limit[5]'), json_extract(before, '$.limit[6]'), json_extract(before, '$.limit[7]'), json_extract(before, '$.limit[8]'))) ELSE json_array(json_extract(before, '$[0]'), json_extract(before, '$[1]'), json_extract(before, '$[2]'), json_extract(before, '$[3]'), 0, json_extract(before, '$[4]'), json_extract(before, '$[5]'), json_extract(before, '$[6]'), json_extract(before, '$[7]'), json_extract(before, '$[8]')) END, after = CASE WHEN after IS NULL THEN NULL WHEN reservation_id IS NULL THEN json_set(after, '$.limit', json_array(json_extract(after, '$.limit[0]'), json_extract(after, '$.limit[1]'), json_extract(after, '$.limit[2]'), json_extract(after, '$.limit[3]'), NULL, json_extract(after, '$.limit[4]'), json_extract(after, '$.limit[5]'), json_extract(after, '$.limit[6]'), json_extract(after, '$.limit[7]'), json_extract(after, '$.limit[8]'))) ELSE json_array(json_extract(after, '$[0]'), json_extract(after, '$[1]'), json_extract(after, '$[2]'), json_extract(after, '$[3]'), 0, json_extract(after, '$[4]'), json_extract(after, '$[5]'), json_extract(after, '$[6]'), json_extract(after, '$[7]'), json_extract(after, '$[8]')) END;
--> statement-breakpoint
CREATE TRIGGER quota_reservations_fit BEFORE INSERT ON quota_reservations
WHEN NOT EXISTS (SELECT 1 FROM quota_paths WHERE node_id = NEW.node_id) OR EXISTS (
  SELECT 1 FROM quota_paths JOIN quota_nodes AS above ON above.id = ancestor_id
  WHERE node_id = NEW.node_id AND (NEW.amount_cpu > max(0, coalesce(above.limit_cpu, 9007199254740991) - above.held_cpu) OR NEW.amount_memory > max(0, coalesce(above.limit_memory, 9007199254740991) - above.held_memory) OR NEW.amount_disk > max(0, coalesce(above.limit_disk, 9007199254740991) - above.held_disk) OR NEW.amount_bandwidth > max(0, coalesce(above.limit_bandwidth, 9007199254740991) - above.held_bandwidth) OR NEW.amount_io > max(0, coalesce(above.limit_io, 9007199254740991) - above.held_io) OR NEW.amount_agents > max(0, coalesce(above.limit_agents, 9007199254740991) - above.held_agents) OR NEW.amount_runs > max(0, coalesce(above.limit_runs, 9007199254740991) - above.held_runs) OR NEW.amount_projects > max(0, coalesce(above.limit_projects, 9007199254740991) - above.held_projects) OR NEW.amount_members > max(0, coalesce(above.limit_members, 9007199254740991) - above.held_members) OR NEW.amount_servers > max(0, coalesce(above.limit_servers, 9007199254740991) - above.held_servers))
) BEGIN
  SELECT RAISE(IGNORE);
END;
--> statement-breakpoint
CREATE TRIGGER quota_reservations_made AFTER INSERT ON quota_reservations BEGIN
  UPDATE quota_nodes
  SET held_cpu = held_cpu + NEW.held_cpu, held_memory = held_memory + NEW.held_memory, held_disk = held_disk + NEW.held_disk, held_bandwidth = held_bandwidth + NEW.held_bandwidth, held_io = held_io + NEW.held_io, held_agents = held_agents + NEW.held_agents, held_runs = held_runs + NEW.held_runs, held_projects = held_projects + NEW.held_projects, held_members = held_members + NEW.held_members, held_servers = held_servers + NEW.held_servers
  WHERE id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.node_id);
  INSERT INTO quota_changes (what, node_id, reservation_id, before, after)
  SELECT NEW.state, id, NEW.id, json_array(held_cpu - (NEW.held_cpu), held_memory - (NEW.held_memory), held_disk - (NEW.held_disk), held_bandwidth - (NEW.held_bandwidth), held_io - (NEW.held_io), held_agents - (NEW.held_agents), held_runs - (NEW.held_runs), held_projects - (NEW.held_projects), held_members - (NEW.held_members), held_servers - (NEW.held_servers)), json_array(held_cpu, held_memory, held_disk, held_bandwidth, held_io, held_agents, held_runs, held_projects, held_members, held_servers)
  FROM quota_nodes WHERE id = NEW.node_id;
END;
--> statement-breakpoint
CREATE TRIGGER quota_reservations_changed AFTER UPDATE OF state ON quota_reservations BEGIN
  UPDATE quota_nodes
  SET held_cpu = held_cpu + NEW.held_cpu - OLD.held_cpu, held_memory = held_memory + NEW.held_memory - OLD.held_memory, held_disk = held_disk + NEW.held_disk - OLD.held_disk, held_bandwidth = held_bandwidth + NEW.held_bandwidth - OLD.held_bandwidth, held_io = held_io + NEW.held_io - OLD.held_io, held_agents = held_agents + NEW.held_agents - OLD.held_agents, held_runs = held_runs + NEW.held_runs - OLD.held_runs, held_projects = held_projects + NEW.held_projects - OLD.held_projects, held_members = held_members + NEW.held_members - OLD.held_members, held_servers = held_servers + NEW.held_servers - OLD.held_servers
  WHERE id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.node_id);
  INSERT INTO quota_changes (what, node_id, reservation_id, before, after)
  SELECT NEW.state, id, NEW.id, json_array(held_cpu - (NEW.held_cpu - OLD.held_cpu), held_memory - (NEW.held_memory - OLD.held_memory), held_disk - (NEW.held_disk - OLD.held_disk), held_bandwidth - (NEW.held_bandwidth - OLD.held_bandwidth), held_io - (NEW.held_io - OLD.held_io), held_agents - (NEW.held_agents - OLD.held_agents), held_runs - (NEW.held_runs - OLD.held_runs), held_projects - (NEW.held_projects - OLD.held_projects), held_members - (NEW.held_members - OLD.held_members), held_servers - (NEW.held_servers - OLD.held_servers)), json_array(held_cpu, held_memory, held_disk, held_bandwidth, held_io, held_agents, held_runs, held_projects, held_members, held_servers)
  FROM quota_nodes WHERE id = NEW.node_id;
END;
--> statement-breakpoint
CREATE TRIGGER quota_nodes_added AFTER INSERT ON quota_nodes BEGIN
  INSERT INTO quota_paths SELECT NEW.id, ancestor_id, distance + 1 FROM quota_paths WHERE node_id = NEW.parent_id;
  INSERT INTO quota_paths VALUES (NEW.id, NEW.id, 0);
  INSERT INTO quota_changes (what, node_id, before, after) VALUES ('added', NEW.id, NULL, json_object('parentId', NEW.parent_id, 'limit', json_array(NEW.limit_cpu, NEW.limit_memory, NEW.limit_disk, NEW.limit_bandwidth, NEW.limit_io, NEW.limit_agents, NEW.limit_runs, NEW.limit_projects, NEW.limit_members, NEW.limit_servers)));
END;
--> statement-breakpoint
CREATE TRIGGER quota_nodes_limited AFTER UPDATE OF limit_cpu, limit_memory, limit_disk, limit_bandwidth, limit_io, limit_agents, limit_runs, limit_projects, limit_members, limit_servers ON quota_nodes BEGIN
  INSERT INTO quota_changes (what, node_id, before, after) VALUES ('limited', NEW.id, json_object('parentId', OLD.parent_id, 'limit', json_array(OLD.limit_cpu, OLD.limit_memory, OLD.limit_disk, OLD.limit_bandwidth, OLD.limit_io, OLD.limit_agents, OLD.limit_runs, OLD.limit_projects, OLD.limit_members, OLD.limit_servers)), json_object('parentId', NEW.parent_id, 'limit', json_array(NEW.limit_cpu, NEW.limit_memory, NEW.limit_disk, NEW.limit_bandwidth, NEW.limit_io, NEW.limit_agents, NEW.limit_runs, NEW.limit_projects, NEW.limit_members, NEW.limit_servers)));
END;
--> statement-breakpoint
CREATE TRIGGER quota_nodes_moved AFTER UPDATE OF parent_id ON quota_nodes BEGIN
  UPDATE quota_nodes
  SET held_cpu = held_cpu - NEW.held_cpu, held_memory = held_memory - NEW.held_memory, held_disk = held_disk - NEW.held_disk, held_bandwidth = held_bandwidth - NEW.held_bandwidth, held_io = held_io - NEW.held_io, held_agents = held_agents - NEW.held_agents, held_runs = held_runs - NEW.held_runs, held_projects = held_projects - NEW.held_projects, held_members = held_members - NEW.held_members, held_servers = held_servers - NEW.held_servers
  WHERE id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.id AND distance > 0);
  DELETE FROM quota_paths
  WHERE node_id IN (SELECT node_id FROM quota_paths WHERE ancestor_id = NEW.id)
    AND ancestor_id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.id AND distance > 0);
  INSERT INTO quota_paths
  SELECT below.node_id, above.ancestor_id, below.distance + above.distance + 1
  FROM quota_paths AS below, quota_paths AS above
  WHERE below.ancestor_id = NEW.id AND above.node_id = NEW.parent_id;
  UPDATE quota_nodes
  SET held_cpu = held_cpu + NEW.held_cpu, held_memory = held_memory + NEW.held_memory, held_disk = held_disk + NEW.held_disk, held_bandwidth = held_bandwidth + NEW.held_bandwidth, held_io = held_io + NEW.held_io, held_agents = held_agents + NEW.held_agents, held_runs = held_runs + NEW.held_runs, held_projects = held_projects + NEW.held_projects, held_members = held_members + NEW.held_members, held_servers = held_servers + NEW.held_servers
  WHERE id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.id AND distance > 0);
  INSERT INTO quota_changes (what, node_id, before, after) VALUES ('moved', NEW.id, json_object('parentId', OLD.parent_id, 'limit', json_array(OLD.limit_cpu, OLD.limit_memory, OLD.limit_disk, OLD.limit_bandwidth, OLD.limit_io, OLD.limit_agents, OLD.limit_runs, OLD.limit_projects, OLD.limit_members, OLD.limit_servers)), json_object('parentId', NEW.parent_id, 'limit', json_array(NEW.limit_cpu, NEW.limit_memory, NEW.limit_disk, NEW.limit_bandwidth, NEW.limit_io, NEW.limit_agents, NEW.limit_runs, NEW.limit_projects, NEW.limit_members, NEW.limit_servers)));
END;
--> statement-breakpoint
CREATE TRIGGER quota_nodes_removed AFTER DELETE ON quota_nodes BEGIN
  DELETE FROM quota_paths WHERE node_id = OLD.id;
  INSERT INTO quota_changes (what, node_id, before, after) VALUES ('removed', OLD.id, json_object('parentId', OLD.parent_id, 'limit', json_array(OLD.limit_cpu, OLD.limit_memory, OLD.limit_disk, OLD.limit_bandwidth, OLD.limit_io, OLD.limit_agents, OLD.limit_runs, OLD.limit_projects, OLD.limit_members, OLD.limit_servers)), NULL);
END;
