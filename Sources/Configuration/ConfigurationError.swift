import Yams

/// One mistake in a configuration file.
package struct Problem: Hashable, Sendable {
    /// From 1; `nil` where the file as a whole is meant.
    package let line: Int?
    /// From 1, in characters.
    package let column: Int?
    package let message: String

    init(_ mark: Mark?, _ message: String) {
        line = mark?.line
        column = mark?.column
        self.message = message
    }
}

/// A configuration file that cannot be used, with all mistakes found in it, in the order of the file.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as it was given.
    package let file: String
    package let problems: [Problem]

    /// `FILE:LINE:COLUMN: MESSAGE`, one line for each problem.
    package var description: String {
        problems.map { problem in
            let place = [problem.line, problem.column].compactMap { $0 }.map { ":\($0)" }.joined()
            return "\(file)\(place): \(problem.message)"
        }.joined(separator: "\n")
    }
}
