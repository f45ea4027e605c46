/// Databases as earlier versions left them, statement by statement.
///
/// Never edited: what was released stays as it was.
enum SchemaFixtures {
    /// Schema 1, with a ban by hand, an automatic one, an allow-list entry, an alert, a model and two audit lines.
    static let version1 = """
        PRAGMA application_id = 1399612261;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1');
        -- Bans and limits. In force while `ended` is null; later ones are history.
        CREATE TABLE sanction (
            rule_id INTEGER PRIMARY KEY,
            side TEXT NOT NULL CHECK (side IN ('source', 'destination')),
            prefix TEXT NOT NULL,
            protocol INTEGER,
            port INTEGER,
            packets_per_second INTEGER, -- of a limit; null for a ban
            origin TEXT NOT NULL CHECK (origin IN ('manual', 'automatic')),
            shadowed INTEGER NOT NULL,
            since INTEGER NOT NULL,
            expires INTEGER CHECK (expires IS NOT NULL OR origin = 'manual'),
            reason TEXT NOT NULL,
            summary TEXT NOT NULL,
            alert_id INTEGER,
            offence INTEGER NOT NULL,
            dropped_packets INTEGER NOT NULL,
            dropped_bytes INTEGER NOT NULL,
            last_hit INTEGER,
            ended INTEGER,
            ending TEXT
        ) STRICT;
        CREATE INDEX sanction_by_end ON sanction (ended);

        -- Entries of the allow-list that were added at run time.
        CREATE TABLE allowed (
            prefix TEXT PRIMARY KEY,
            rule_id INTEGER NOT NULL,
            since INTEGER NOT NULL,
            expires INTEGER,
            reason TEXT
        ) STRICT;

        -- Verdicts and what was done about them.
        CREATE TABLE alert (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            view TEXT NOT NULL,
            prefix TEXT NOT NULL,
            tier TEXT NOT NULL,
            reason TEXT NOT NULL,
            summary TEXT NOT NULL,
            score REAL NOT NULL,
            threshold REAL NOT NULL,
            model TEXT NOT NULL,
            features TEXT NOT NULL, -- JSON: [{"name", "value", "usual", "share"}]
            target_address TEXT,
            target_protocol INTEGER,
            target_port INTEGER,
            two_way INTEGER NOT NULL,
            action TEXT NOT NULL,
            note TEXT,
            rule_id INTEGER
        ) STRICT;
        CREATE INDEX alert_by_prefix ON alert (prefix, id);

        -- Learned models, as model files.
        CREATE TABLE model (
            id TEXT PRIMARY KEY,
            trained INTEGER NOT NULL,
            metadata TEXT NOT NULL, -- JSON
            data BLOB NOT NULL
        ) STRICT;

        -- Who did what, and when. Only ever added to.
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            who TEXT NOT NULL,
            verb TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        INSERT INTO sanction VALUES
            (1, 'source', '192.0.2.7', NULL, NULL, NULL, 'manual', 0, 1700000000000000000, NULL, 'manual',
             'banned by hand', NULL, 0, 5, 300, NULL, NULL, NULL),
            (2, 'destination', '10.20.0.2', 17, 53, 1000, 'automatic', 1, 1700000000000000000,
             1700000600000000000, 'volume', 'many packets', 1, 0, 7, 420, 1700000001000000000, NULL, NULL),
            (3, 'source', '2001:db8:1::/64', NULL, NULL, NULL, 'automatic', 0, 1699990000000000000,
             1699999999000000000, 'scan', 'many ports', 1, 1, 7, 420, NULL, 1699999999000000000, 'lifted');
        INSERT INTO allowed VALUES ('10.0.0.0/8', 4, 1700000000000000000, NULL, 'office');
        INSERT INTO alert VALUES
            (1, 1700000000000000000, 'destination', '10.20.0.2', 'block', 'volume', 'many packets', 9.0, 3.0,
             'default-1', '[{"name":"packets","value":9,"usual":1,"share":1}]', '10.20.0.2', 17, 53, 0, 'limit',
             NULL, 2);
        INSERT INTO model VALUES ('site-1', 1700000000000000000, '{}', x'00');
        INSERT INTO audit (time, who, verb, subject, detail) VALUES
            (1700000000000000000, 'operator', 'ban', '192.0.2.7', 'manual: banned by hand'),
            (1700000001000000000, 'agent', 'limit', '10.20.0.2', 'volume: many packets (shadowed)');
        """

    static let version2 =
        version1 + """

            INSERT INTO grdb_migrations VALUES ('2');
            -- Limits by bytes, and rules on a destination that are for some sources only.
            ALTER TABLE sanction ADD COLUMN bytes_per_second INTEGER;
            ALTER TABLE sanction ADD COLUMN source TEXT;
            """

    static let version3 =
        version2 + """

            INSERT INTO grdb_migrations VALUES ('3');
            -- What the agent does with a model; the one trained last was in use.
            ALTER TABLE model ADD COLUMN role TEXT NOT NULL DEFAULT 'retired'
                CHECK (role IN ('champion', 'challenger', 'retired', 'rejected'));
            ALTER TABLE model ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE model ADD COLUMN note TEXT NOT NULL DEFAULT '';
            UPDATE model SET since = trained;
            UPDATE model SET role = 'champion' WHERE trained = (SELECT max(trained) FROM model);

            -- Windows to learn from, as safetensors files.
            CREATE TABLE recording (
                started INTEGER PRIMARY KEY,
                ended INTEGER NOT NULL,
                data BLOB NOT NULL
            ) STRICT;
            """

    static let version4 =
        version3 + """

            INSERT INTO grdb_migrations VALUES ('4');
            -- What an operator said of an alert, and the window's features, to learn from.
            ALTER TABLE alert ADD COLUMN feedback TEXT CHECK (feedback IN ('good', 'bad'));
            ALTER TABLE alert ADD COLUMN row BLOB NOT NULL DEFAULT x'';
            """

    static let version5 =
        version4 + """

            INSERT INTO grdb_migrations VALUES ('5');
            -- The chain of the audit trail; see `AuditChain`.
            ALTER TABLE audit ADD COLUMN hash BLOB NOT NULL DEFAULT x'';

            ALTER TABLE sanction ADD COLUMN policy_group TEXT;

            -- Modes that were set at run time; '' is for everything in no group.
            CREATE TABLE mode (
                policy_group TEXT PRIMARY KEY,
                mode TEXT NOT NULL,
                configured TEXT NOT NULL -- what the configuration said then: another value there ends this one
            ) STRICT;
            UPDATE audit SET hash =
                x'aec6e0de0e8b27b0fb41745701d8cfa61be6be9fc7f8c7817f33cdf97c613ed9' WHERE id = 1;
            UPDATE audit SET hash =
                x'cb4a5c1a93eb883a62b84715c0fe8966918ef1929be533e7ed7661766adf78a3' WHERE id = 2;
            CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
                SELECT raise(ABORT, 'the audit trail is only ever added to');
            END;
            CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
                SELECT raise(ABORT, 'the audit trail is only ever added to');
            END;
            """
}
