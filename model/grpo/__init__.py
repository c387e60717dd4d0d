"""GRPO (stage 2): the objective, the samplers, the reward, an episode played to learn from, the update, the run."""
