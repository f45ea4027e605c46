import Yams

/// One mistake in a configuration file.
package struct Problem: Hashable, Sendable {
    /// From 1; `nil` where the file as a whole is meant.
    package let line: Int?
    /// From 1, in characters.
    package let column: Int?
    package let message: String
    /// Its name as it was given; empty until it is known.
    package private(set) var file = ""

    init(_ mark: Mark?, _ message: String) {
        self.init(line: mark?.line, column: mark?.column, message)
    }

    init(line: Int?, column: Int?, _ message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// The same, in a file.
    func `in`(_ file: String) -> Problem {
        var problem = self
        problem.file = file
        return problem
    }
}

/// A configuration file that cannot be used, with all mistakes found in it and its drop-ins, in their order.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as it was given.
    package let file: String
    package let problems: [Problem]

    /// `FILE:LINE:COLUMN: MESSAGE`, one line for each problem.
    package var description: String {
        problems.map { problem in
            let place = [problem.line, problem.column].compactMap { $0 }.map { ":\($0)" }.joined()
            return "\(problem.file)\(place): \(problem.message)"
        }.joined(separator: "\n")
    }
}
