/// Size of a libbpf options structure up to and with the field `last`, for its `sz` member.
///
/// Not the size of the whole: libbpf refuses structures with anything but zero behind the fields it knows, and Swift leaves
/// padding as it finds it.
func optionsSize<Options, Field>(through last: KeyPath<Options, Field>) -> Int {
    (MemoryLayout<Options>.offset(of: last) ?? 0) + MemoryLayout<Field>.size
}
