import CLibbpf
import Glibc
import Synchronization

/// Keeps the last warnings of libbpf, which knows more about a failure than its error number says.
///
/// libbpf would print them to standard error, amid our own output.
package enum LibbpfLog {
    private static let lines = Mutex<[String]>([])
    private static let kept = 12

    /// Sends libbpf's messages here.
    ///
    /// Called before the first use of libbpf; again does no harm.
    package static func install() {
        unsafe _ = libbpf_set_print { level, format, arguments in
            guard level == LIBBPF_WARN, let format = unsafe format, let arguments = unsafe arguments else {
                return 0
            }
            var buffer = [CChar](repeating: 0, count: 4096)
            _ = unsafe vsnprintf(&buffer, buffer.count, format, arguments)
            let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            LibbpfLog.add(text)
            return 0
        }
    }

    private static func add(_ text: String) {
        let fresh = text.split(separator: "\n").map(String.init)
        lines.withLock { $0 = ($0 + fresh).suffix(kept) }
    }

    /// The lines since the last call, oldest first; `nil` if there were none.
    static func takeTail() -> String? {
        lines.withLock { lines in
            defer { lines = [] }
            return lines.isEmpty ? nil : lines.joined(separator: "\n")
        }
    }
}
