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
    private let memory: UnsafeMutablePointer<Element>

    /// As many as that or more.
    init(repeating element: Element, atLeast least: Int) {
        var count = 1
        while count < least { count *= 2 }
        self.count = count
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Element>.stride, alignment: Self.alignment)
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
        @inline(__always) _read { yield unsafe memory[number & (count - 1)] }
        @inline(__always) _modify { yield unsafe &memory[number & (count - 1)] }
    }
}
