"""Built-in metrics and features: name -> where it is. Nothing is imported until one is asked for."""

METRICS = {
    "identity_similarity": "a2bench_metrics.identity_similarity:IdentitySimilarity",
    "character_similarity": "a2bench_metrics.element_similarity:CharacterSimilarity",
    "object_similarity": "a2bench_metrics.element_similarity:ObjectSimilarity",
    "background_similarity": "a2bench_metrics.background_similarity:BackgroundSimilarity",
    "element_presence": "a2bench_metrics.element_similarity:ElementPresence",
    "element_integrity": "a2bench_metrics.element_integrity:ElementIntegrity",
    "swap_rate": "a2bench_metrics.element_integrity:SwapRate",
    "duplicate_rate": "a2bench_metrics.element_integrity:DuplicateRate",
    "copy_paste": "a2bench_metrics.copy_paste:CopyPaste",
    "text_alignment": "a2bench_metrics.text_alignment:TextAlignment",
    "niqe": "a2bench_metrics.niqe:Niqe",
    "sharpness": "a2bench_metrics.sharpness:Sharpness",
    "temporal_flicker": "a2bench_metrics.temporal_flicker:TemporalFlicker",
    "motion_amount": "a2bench_metrics.motion_amount:MotionAmount",
}

FEATURES = {
    "dense": "a2bench_metrics.dense:DenseFeature",
    "hits": "a2bench_metrics.finder:HitsFeature",
    "places": "a2bench_metrics.background_similarity:PlacesFeature",
    "faces": "a2bench_metrics.faces:FacesFeature",
    "ledger": "a2bench_metrics.element_ledger:LedgerFeature",
    "alignment": "a2bench_metrics.alignment:AlignmentFeature",
    "clip": "a2bench_metrics.clip:ClipFeature",
    "flow": "a2bench_metrics.flow:FlowFeature",
}
