import Foundation
import Glibc

/// What text is written for: how wide it may be, and whether it may have colours.
package struct Screen: Hashable, Sendable {
    /// In columns.
    package var width: Int
    package var isColoured: Bool
    /// Whether prose is cut into lines: it is for people, not for what reads a pipe line by line.
    package var wrapsProse: Bool

    package init(width: Int, isColoured: Bool, wrapsProse: Bool = true) {
        self.width = width
        self.isColoured = isColoured
        self.wrapsProse = wrapsProse
    }

    /// Standard output as it is.
    ///
    /// The width is COLUMNS, else the terminal's, else 80 for tables, and none for prose. Colours are for terminals only, and not if
    /// NO_COLOR is set (https://no-color.org) or the terminal is dumb.
    package static var standardOutput: Screen {
        let environment = ProcessInfo.processInfo.environment
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let hasColours = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        let columns = environment["COLUMNS"].flatMap(Int.init) ?? width(ofTerminal: STDOUT_FILENO)
        return Screen(
            width: max(columns ?? 80, 40), isColoured: isTerminal && hasColours, wrapsProse: columns != nil)
    }

    /// Columns of the terminal behind a file descriptor; `nil` if there is none, or it does not know.
    package static func width(ofTerminal descriptor: Int32) -> Int? {
        var size = winsize()
        // The kernel fills in the structure, whose size the request implies.
        let isKnown = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        return isKnown && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// The text in a style, or as it is where there are no colours.
    package func styled(_ text: String, _ style: Style) -> String {
        isColoured && style != .plain && !text.isEmpty ? "\u{1B}[\(style.code)m\(text)\u{1B}[0m" : text
    }
}

/// How text stands out.
package enum Style: Hashable, Sendable {
    case plain, bold, faint, good, warning, bad

    /// SGR parameters, ECMA-48 section 8.3.117.
    var code: String {
        switch self {
        case .plain: "0"
        case .bold: "1"
        case .faint: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        }
    }
}
