"""Built-in metrics and features: name -> where it is. Nothing is imported until one is asked for."""

METRICS = {
    "copy_paste": "a2bench_metrics.copy_paste:CopyPaste",
    "sharpness": "a2bench_metrics.sharpness:Sharpness",
    "temporal_flicker": "a2bench_metrics.temporal_flicker:TemporalFlicker",
    "motion_amount": "a2bench_metrics.motion_amount:MotionAmount",
}

FEATURES = {
    "alignment": "a2bench_metrics.alignment:AlignmentFeature",
    "flow": "a2bench_metrics.flow:FlowFeature",
}
