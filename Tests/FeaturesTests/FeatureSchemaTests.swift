import Features
import Testing

@Suite struct FeatureSchemaTests {
    @Test("there is one description a feature, in the order of the vector")
    func order() {
        #expect(FeatureSchema.count == 68)
        #expect(FeatureSchema.features.map(\.feature) == Feature.allCases)
        #expect(Set(FeatureSchema.features.map(\.name)).count == 68)
        #expect(FeatureSchema.features.allSatisfy { !$0.formula.isEmpty && !$0.reason.isEmpty })
    }

    @Test("every group has evidence", arguments: FeatureGroup.allCases)
    func groups(group: FeatureGroup) {
        #expect(FeatureSchema.features.contains { $0.groups.contains(group) })
    }
}
