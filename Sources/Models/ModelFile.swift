/// Why a model file is refused.
package enum ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file ends before what its header promises.
    case truncated
    /// Not a safetensors file, or one with a broken header; the text says what is wrong.
    case malformed(String)
    /// A good file that lacks something a model of this kind has.
    case missing(String)
    /// A model for other features than this build computes.
    case otherSchema(found: String, expected: String)

    package var description: String {
        switch self {
        case .truncated:
            "the model file is truncated: copy it again, or train a new model"
        case .malformed(let what):
            "this is no safetensors model file (\(what)): check the path, or train a new model"
        case .missing(let what):
            "the model file lacks \(what): it was made by another program, or for another kind of model"
        case .otherSchema(let found, let expected):
            "the model was trained on feature schema \(found), this build computes \(expected): train a new model"
        }
    }
}

/// A safetensors file: text about the model, and named arrays of numbers.
///
/// Eight bytes with the header's length (little-endian), the header in JSON, then the raw arrays
/// (https://huggingface.co/docs/safetensors). Python's `safetensors` opens it too.
package struct ModelFile: Hashable, Sendable {
    /// An array of little-endian numbers.
    package struct Tensor: Hashable, Sendable {
        /// Type of the numbers, by its name in the format.
        package enum Element: String, Sendable {
            case int8 = "I8"
            case uint8 = "U8"
            case uint16 = "U16"
            case int32 = "I32"
            case float = "F32"
            case double = "F64"

            var width: Int {
                switch self {
                case .int8, .uint8: 1
                case .uint16: 2
                case .int32, .float: 4
                case .double: 8
                }
            }
        }

        package let element: Element
        package let shape: [Int]
        package let bytes: [UInt8]
    }

    /// Longest header that is read; ours has a few kilobytes.
    private static let longestHeader = 1 << 20

    package var metadata: [String: String] = [:]
    package var tensors: [String: Tensor] = [:]

    package init() {}

    /// Reads a file.
    package init(_ bytes: [UInt8]) throws(ModelFileError) {
        guard bytes.count >= 8 else { throw .truncated }
        let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Self.longestHeader else { throw .malformed("header of \(length) bytes") }
        guard bytes.count - 8 >= Int(length) else { throw .truncated }
        guard let header = JSONValue(bytes[8..<8 + Int(length)])?.members else {
            throw .malformed("the header is not JSON")
        }
        let data = bytes[(8 + Int(length))...]
        for (name, value) in header {
            guard let members = value.members else { throw .malformed("entry '\(name)' is no object") }
            if name == "__metadata__" {
                metadata = members.compactMapValues(\.text)
            } else {
                tensors[name] = try Self.tensor(name, members, in: data)
            }
        }
    }

    private static func tensor(
        _ name: String, _ members: [String: JSONValue], in data: ArraySlice<UInt8>
    ) throws(ModelFileError) -> Tensor {
        guard let element = (members["dtype"]?.text).flatMap(Tensor.Element.init) else {
            throw .malformed("tensor '\(name)' has an unknown type")
        }
        let shape = (members["shape"]?.elements ?? []).compactMap(\.integer)
        let offsets = (members["data_offsets"]?.elements ?? []).compactMap(\.integer)
        guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1] else {
            throw .malformed("tensor '\(name)' has bad offsets")
        }
        guard offsets[1] <= data.count else { throw .truncated }
        var size = element.width
        for length in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: length)
            guard length >= 0, !overflow else { throw .malformed("tensor '\(name)' has a bad shape") }
            size = product
        }
        guard size == offsets[1] - offsets[0] else {
            throw .malformed("tensor '\(name)' has another size than shape")
        }
        return Tensor(
            element: element, shape: shape, bytes: Array(data.dropFirst(offsets[0]).prefix(size)))
    }

    /// The file's bytes; the same content gives the same bytes.
    package var bytes: [UInt8] {
        var header: [String: JSONValue] = ["__metadata__": .object(metadata.mapValues { .string($0) })]
        var data: [UInt8] = []
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            header[name] = .object([
                "dtype": .string(tensor.element.rawValue), "shape": .array(tensor.shape.map { .number($0) }),
                "data_offsets": .array([.number(data.count), .number(data.count + tensor.bytes.count)]),
            ])
            data += tensor.bytes
        }
        var text = Array(JSONValue.object(header).serialized.utf8)
        // The format wants arrays to begin at a multiple of eight.
        while !text.count.isMultiple(of: 8) { text.append(0x20) }
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
    }
}
