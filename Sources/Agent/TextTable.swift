import Glibc

/// Small text files of the system, as rows of words.
enum TextTable {
    /// Lines cut at white space; nothing if the file cannot be read.
    static func rows(_ path: String) -> [[String]] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var lines: [[String]] = []
        var buffer = [CChar](repeating: 0, count: 1024)
        while unsafe fgets(&buffer, CInt(buffer.count), file) != nil {
            let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            lines.append(text.split(whereSeparator: \.isWhitespace).map(String.init))
        }
        return lines
    }
}
