import Glibc
import Synchronization

/// The terminal taken over: raw mode and the alternate screen, until it is given back.
///
/// It is given back by `close`, when the process exits, and when it crashes; only SIGKILL leaves it as it is.
package final class FullScreen: Sendable {
    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave: StaticString = "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"
    /// What a crash leaves undone is undone on these.
    private static let crashes = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGSEGV, SIGFPE]

    /// Takes the terminal over; `nil` if standard input or output is none.
    package init?() {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return nil }
        var mode = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &mode) == 0 else { return nil }
        Self.original.withLock { $0 = mode }
        atexit { FullScreen.restore() }
        for number in Self.crashes {
            _ = signal(number) { number in
                FullScreen.restore()
                _ = signal(number, SIG_DFL)
                raise(number)
            }
        }
        unsafe cfmakeraw(&mode)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &mode)
        Self.write(Self.enter)
    }

    /// Gives the terminal back as it was; once is enough.
    package func close() { Self.restore() }

    /// Columns and lines.
    package var size: (width: Int, height: Int) {
        var size = winsize()
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
        return isKnown && size.ws_col > 0 && size.ws_row > 0 ? (Int(size.ws_col), Int(size.ws_row)) : (80, 24)
    }

    /// Puts these lines on the screen, in place of what is there; the rest is blank.
    package func draw(_ lines: [String]) {
        Self.write("\u{1B}[H" + lines.map { "\($0)\u{1B}[0m\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }

    /// The terminal's mode before it was taken over; `nil` when it is given back.
    private static let original = Mutex<termios?>(nil)

    private static func restore() {
        // A crash while the lock is held must not hang.
        _ = original.withLockIfAvailable { mode in
            guard var before = mode else { return }
            mode = nil
            _ = unsafe Glibc.write(STDOUT_FILENO, leave.utf8Start, leave.utf8CodeUnitCount)
            _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &before)
        }
    }

    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
