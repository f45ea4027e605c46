import Foundation
import Glibc

extension SigningKey {
    /// Where the key of the agent with this database is.
    package static func path(beside database: String) -> String { database + ".key" }

    /// Reads the pair that a file holds, or makes one and writes it there, for its owner only.
    ///
    /// - Throws: `SigningKeyError` if the file cannot be read or made, is open to others, or holds something else. It is left
    ///   as it is then.
    package init(file path: String) throws(SigningKeyError) {
        if let key = try Self.read(path) {
            self = key
        } else {
            self.init()
            try write(to: path)
        }
    }

    /// `nil` if there is no such file.
    private static func read(_ path: String) throws(SigningKeyError) -> SigningKey? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SigningKeyError(path, "\(reason(errno)): the agent must own it")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SigningKeyError(path, "it is no file: move it out of the way")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw SigningKeyError(path, "others may read it: chmod 600, or move it away to get a new one")
        }
        // A key has 64 digits and the line's end; of anything longer, this much is enough to see that it is none.
        guard let data = try? file.read(upToCount: 100), let text = String(data: data, encoding: .utf8),
            let key = SigningKey(text: text.trimmingCharacters(in: .whitespacesAndNewlines))
        else {
            throw SigningKeyError(path, "it holds no key: restore it, or move it away to get a new one")
        }
        return key
    }

    /// Nobody else can read the file at any time, and it is there as a whole or not at all.
    private func write(to path: String) throws(SigningKeyError) {
        let part = path + ".part"
        _ = unsafe unlink(part)
        let descriptor = unsafe open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SigningKeyError(path, "it cannot be made: \(reason(errno))") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data("\(text)\n".utf8))
            try file.synchronize()
        } catch {
            _ = unsafe unlink(part)
            throw SigningKeyError(path, "it cannot be written: \(error.localizedDescription)")
        }
        guard unsafe rename(part, path) == 0 else {
            throw SigningKeyError(path, "it cannot be made: \(reason(errno))")
        }
    }
}

/// The system's words for an error number.
private func reason(_ number: CInt) -> String { unsafe String(cString: strerror(number)) }

/// Why a file with a key cannot be used.
package struct SigningKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let message: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    package var description: String { "the key that signs models, \(path), cannot be used: \(message)" }
}
