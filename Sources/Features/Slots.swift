import CMemory

/// A fixed number of plain values in memory of its own, which begins where a cache line does.
///
/// An array's first element stands in the middle of a line, so that a value of 64 bytes would touch two, and each
/// change of an element asks whether the array is shared. Indices are checked, as an array's are; or cut, to bits that
/// always are one.
@safe struct Slots<Element: BitwiseCopyable>: ~Copyable {
    /// Two lines: processors fetch them in pairs.
    private static var alignment: Int { 128 }

    /// A power of two.
    let count: Int
    private let mask: Int
    private let memory: UnsafeMutablePointer<Element>

    /// As many as that or more.
    init(repeating element: Element, atLeast least: Int) {
        var count = 1
        while count < least { count *= 2 }
        self.count = count
        mask = count - 1
        let size = count * MemoryLayout<Element>.stride
        let isHuge = size >= Int(MEMORY_HUGE_PAGE)
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: size, alignment: isHuge ? Int(MEMORY_HUGE_PAGE) : Self.alignment)
        if isHuge { unsafe memory_use_huge_pages(bytes, size) }
        unsafe memory = bytes.initializeMemory(as: Element.self, repeating: element, count: count)
    }

    deinit { unsafe memory.deallocate() }

    /// Unsafe inside only: the memory is this value's alone, initialized as a whole, and the index is checked.
    subscript(index: Int) -> Element {
        @inline(__always)
        _read {
            precondition(index >= 0 && index < count, "a slot of these")
            yield unsafe memory[index]
        }
        @inline(__always)
        _modify {
            precondition(index >= 0 && index < count, "a slot of these")
            yield unsafe &memory[index]
        }
    }

    /// The slot whose index are the lowest bits of this number, which is always one.
    ///
    /// For the tables that are asked a dozen times for each flow; there, a check of each index took a tenth of the time.
    subscript(masked number: Int) -> Element {
        @inline(__always) _read { yield unsafe memory[number & mask] }
        @inline(__always) _modify { yield unsafe &memory[number & mask] }
    }

    /// Asks for a slot's lines ahead of its use, in tables that are read here and there.
    @inline(__always)
    func prefetch(masked number: Int) {
        unsafe memory_prefetch(memory + (number & mask), MemoryLayout<Element>.stride)
    }
}

extension Array {
    /// Asks for an element's lines ahead of its use.
    @inline(__always)
    func prefetch(_ index: Int) {
        unsafe withUnsafeBufferPointer { elements in
            guard let first = elements.baseAddress, index < elements.count else { return }
            unsafe memory_prefetch(first + index, MemoryLayout<Element>.size)
        }
    }
}
