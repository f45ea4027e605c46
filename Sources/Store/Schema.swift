import GRDB

/// Tables, and how they came to be: one migration for each change, never edited once released.
///
/// Times are nanoseconds since 1970-01-01 UTC, addresses and prefixes their text, truth values 0 or 1.
enum Schema {
    /// Marks the file as Sluice's: "Slce" (`PRAGMA application_id`).
    static let applicationID: Int32 = 0x536C_6365

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: version1)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: version2)
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: version3)
        }
        migrator.registerMigration("4") { database in
            try database.execute(sql: version4)
        }
        migrator.registerMigration("5") { database in
            try database.execute(sql: version5)
            try AuditChain.begin(database)
        }
        migrator.registerMigration("6") { database in
            try database.execute(sql: version6)
        }
        migrator.registerMigration("7") { database in
            try database.execute(sql: version7)
        }
        migrator.registerMigration("8") { database in
            try database.execute(sql: version8)
        }
        migrator.registerMigration("9") { database in
            try database.execute(sql: version9)
        }
        migrator.registerMigration("10") { database in
            try database.execute(sql: version10)
        }
        migrator.registerMigration("11") { database in
            try database.execute(sql: version11)
        }
        migrator.registerMigration("12") { database in
            try database.execute(sql: version12)
        }
        return migrator
    }

    private static let version1 = """
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
        """

    private static let version2 = """
        -- Limits by bytes, and rules on a destination that are for some sources only.
        ALTER TABLE sanction ADD COLUMN bytes_per_second INTEGER;
        ALTER TABLE sanction ADD COLUMN source TEXT;
        """

    private static let version3 = """
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

    private static let version4 = """
        -- What an operator said of an alert, and the window's features, to learn from.
        ALTER TABLE alert ADD COLUMN feedback TEXT CHECK (feedback IN ('good', 'bad'));
        ALTER TABLE alert ADD COLUMN row BLOB NOT NULL DEFAULT x'';
        """

    private static let version5 = """
        -- The chain of the audit trail; see `AuditChain`.
        ALTER TABLE audit ADD COLUMN hash BLOB NOT NULL DEFAULT x'';

        ALTER TABLE sanction ADD COLUMN policy_group TEXT;

        -- Modes that were set at run time; '' is for everything in no group.
        CREATE TABLE mode (
            policy_group TEXT PRIMARY KEY,
            mode TEXT NOT NULL,
            configured TEXT NOT NULL -- what the configuration said then: another value there ends this one
        ) STRICT;
        """

    private static let version6 = """
        -- Whether a rule is on a source that had answered connections for ten minutes and no verdict.
        ALTER TABLE sanction ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX sanction_by_beginning ON sanction (since);

        -- What was seen and stopped, by the hour; see `Activity`. '' is for everything in no group.
        CREATE TABLE activity (
            hour INTEGER NOT NULL, -- its beginning
            policy_group TEXT NOT NULL,
            mode TEXT NOT NULL,
            seconds REAL NOT NULL,
            packets INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            stopped_packets INTEGER NOT NULL, -- by bans, in shadow: what they would have stopped
            stopped_bytes INTEGER NOT NULL,
            limited_packets INTEGER NOT NULL, -- what of that limits on the sources would have stopped
            limited_bytes INTEGER NOT NULL,
            known_packets INTEGER NOT NULL, -- the parts of both from well-known sources
            known_bytes INTEGER NOT NULL,
            known_limited_packets INTEGER NOT NULL,
            known_limited_bytes INTEGER NOT NULL,
            PRIMARY KEY (hour, policy_group, mode)
        ) STRICT;
        """

    private static let version7 = """
        -- Hash of the configuration that it was decided under.
        ALTER TABLE sanction ADD COLUMN configuration TEXT;
        ALTER TABLE alert ADD COLUMN configuration TEXT;

        -- What operators protect by name.
        CREATE TABLE protected (
            prefix TEXT PRIMARY KEY,
            since INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) STRICT;

        -- Changes by hand that are undone at their deadline unless they are confirmed, step by step.
        CREATE TABLE pending (
            change_id INTEGER NOT NULL,
            step INTEGER NOT NULL,
            made INTEGER NOT NULL,
            deadline INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('ban', 'allow', 'unban', 'disallow', 'mode')),
            prefix TEXT,
            rule_id INTEGER, -- of what was lifted: its row in `sanction`, or what the entry had
            since INTEGER,
            expires INTEGER, -- when it is confirmed; null: no end
            reason TEXT,
            policy_group TEXT,
            mode_from TEXT,
            mode_to TEXT,
            PRIMARY KEY (change_id, step)
        ) STRICT;
        """

    private static let version8 = """
        -- Names and formulas of the features in `features` and `row` (`FeatureSchema.identity`); '' of earlier versions.
        ALTER TABLE alert ADD COLUMN schema TEXT NOT NULL DEFAULT '';

        -- What the agent knows of itself; one row.
        CREATE TABLE agent (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            last_change INTEGER NOT NULL, -- highest number that a change to be confirmed has had
            -- When it last ran, by two clocks; see `Moment`.
            boot TEXT,
            uptime INTEGER,
            time INTEGER
        ) STRICT;
        INSERT INTO agent (id, last_change) SELECT 1, coalesce(max(change_id), 0) FROM pending;
        """

    private static let version9 = """
        -- Models of policy groups that have their own, and windows to learn them from; '' is for what all others share.
        ALTER TABLE model ADD COLUMN policy_group TEXT NOT NULL DEFAULT '';
        ALTER TABLE recording RENAME TO old_recording;
        CREATE TABLE recording (
            policy_group TEXT NOT NULL,
            started INTEGER NOT NULL,
            ended INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (policy_group, started)
        ) STRICT;
        INSERT INTO recording SELECT '', started, ended, data FROM old_recording;
        DROP TABLE old_recording;
        """

    private static let version10 = """
        -- By how much all features that are not listed would have had to be nearer to what is usual; null: by nothing.
        ALTER TABLE alert ADD COLUMN others_nearer REAL;
        """

    private static let version11 = """
        -- Whether a rule rests on what nobody else could have made in the source's name.
        ALTER TABLE sanction ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;
        UPDATE sanction SET proven = 1 WHERE offence > 0;
        """

    private static let version12 = """
        -- Of rules that ask for proof: beginnings a second that a proof is good for, and that pass in all when they are sent
        -- again; whether strangers are asked; what became of beginnings.
        ALTER TABLE sanction ADD COLUMN proof_beginnings INTEGER;
        ALTER TABLE sanction ADD COLUMN proof_retransmissions INTEGER;
        ALTER TABLE sanction ADD COLUMN proof_asks INTEGER;
        ALTER TABLE sanction ADD COLUMN proofs INTEGER;
        ALTER TABLE sanction ADD COLUMN retransmitted INTEGER;
        """
}
