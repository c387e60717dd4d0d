"""AIM: an intent-aware world-action model on Wan2.2.

Read in this order: `tokens`, `attention` (who sees whom) and `layers`, put together in `aim`; `flow`, `stages` and
`train` to fit it to what `data` reads; `cache`, `sampling`, `rollout` and `policy` to act with it. Wan itself is in
`backbone`. `grpo` post-trains the action stream, `serving` lets others ask a policy; nothing here needs either.
"""
