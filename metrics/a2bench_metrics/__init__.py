"""Built-in metrics and features: name -> where it is. Nothing is imported until one is asked for."""

METRICS = {
    "identity_similarity": "a2bench_metrics.identity_similarity:IdentitySimilarity",
    "copy_paste": "a2bench_metrics.copy_paste:CopyPaste",
    "text_alignment": "a2bench_metrics.text_alignment:TextAlignment",
    "niqe": "a2bench_metrics.niqe:Niqe",
    "sharpness": "a2bench_metrics.sharpness:Sharpness",
    "temporal_flicker": "a2bench_metrics.temporal_flicker:TemporalFlicker",
    "motion_amount": "a2bench_metrics.motion_amount:MotionAmount",
}

FEATURES = {
    "faces": "a2bench_metrics.faces:FacesFeature",
    "alignment": "a2bench_metrics.alignment:AlignmentFeature",
    "clip": "a2bench_metrics.clip:ClipFeature",
    "flow": "a2bench_metrics.flow:FlowFeature",
}
