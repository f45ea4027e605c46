import Glibc

/// A command that failed.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Runs a program found on the path, and waits for it.
///
/// It starts in the calling thread's network namespace.
package func command(_ words: [String]) throws {
    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var process: pid_t = 0
    var status: CInt = 0
    let result = unsafe posix_spawnp(&process, words[0], nil, nil, &arguments, environ)
    guard result == 0 else { throw CommandFailure(description: "cannot run \(words[0])") }
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
        throw CommandFailure(description: "failed: \(words.joined(separator: " ").prefix(300))")
    }
}

/// Runs a command written with spaces between its words.
package func command(_ words: String) throws { try command(words.split(separator: " ").map(String.init)) }
