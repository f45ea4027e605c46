import Glibc

/// Small files and folders, as `/proc` and BPF file systems have them.
package enum Files {
    /// The text of a file of at most 64 KiB; `nil` if it cannot be read.
    package static func text(_ path: String) -> String? {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { room in
                unsafe read(descriptor.raw, room.baseAddress.map { unsafe $0 + filled }, room.count - filled)
            }
            guard count > 0 else { break }
            filled += count
        }
        return String(decoding: bytes.prefix(filled), as: UTF8.self)
    }

    /// Names in a folder, without `.` and `..`; none if it cannot be read.
    package static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Paths of the plain files below a folder, at most eight folders deep; links are not followed.
    package static func tree(_ folder: String, depth: Int = 8) -> [String] {
        guard depth > 0 else { return [] }
        return names(in: folder).sorted().flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            var info = stat()
            guard unsafe lstat(path, &info) == 0 else { return [] }
            return switch info.st_mode & S_IFMT {
            case S_IFDIR: tree(path, depth: depth - 1)
            case S_IFREG: [path]
            default: []
            }
        }
    }

    /// What a symbolic link points to.
    package static func target(of link: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(link, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
