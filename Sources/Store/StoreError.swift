import GRDB

/// What went wrong with the database, and what to do about it.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of trouble, by what there is to do about it.
    package enum Code: Hashable, Sendable {
        /// The file or its folder cannot be opened or created.
        case cannotOpen
        /// The file is no database, or a damaged one.
        case corrupt
        /// A database, but of another program.
        case foreign
        /// Written by a newer Sluice.
        case newer
        /// No room left on the disk.
        case full
        /// Anything else.
        case failed
    }

    package let code: Code
    package let path: String
    /// What SQLite or the file system says.
    package let detail: String

    /// What happened, to what, and what to do.
    package var description: String {
        switch code {
        case .cannotOpen:
            """
            \(path): cannot be opened: \(detail). The agent needs to write there: run it as root, or set \
            `state` to another path.
            """
        case .corrupt:
            """
            \(path): the database is damaged: \(detail). Nothing was changed. Move it out of the way (with \
            its -wal and -shm files, if any) or put a copy back, then start again. Without it, Sluice begins \
            with no bans, no allow-list beyond the configuration, and no learned model.
            """
        case .foreign:
            "\(path): is a database of another program. Nothing was changed. Set `state` to another path."
        case .newer:
            """
            \(path): was written by a newer version of Sluice. Nothing was changed. Install that version, or \
            set `state` to another path.
            """
        case .full:
            "\(path): no room left on the disk: \(detail). What is not written yet is kept and tried again."
        case .failed:
            "\(path): \(detail)"
        }
    }

    init(_ code: Code, path: String, detail: String = "") {
        self.code = code
        self.path = path
        self.detail = detail
    }

    /// From what GRDB throws.
    init(_ error: any Error, path: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        let detail = (error as? DatabaseError).map { $0.message ?? "\($0.resultCode)" } ?? "\(error)"
        let code: Code =
            switch (error as? DatabaseError)?.resultCode {
            case .SQLITE_NOTADB, .SQLITE_CORRUPT: .corrupt
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY: .cannotOpen
            case .SQLITE_FULL: .full
            default: error is MalformedRow ? .corrupt : .failed
            }
        self.init(code, path: path, detail: detail)
    }
}
