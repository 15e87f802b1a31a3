"""What decides, and the tests that guard it: quick ones, since they run once for each mutant."""

PPO, JUDGED = "tests/training/ppo", "tests/agents/evaluation"
DATA, PLAY = "tests/demos/data", "tests/demos/sessions/play"

TARGETS: dict[str, tuple[str, ...]] = {
    "training/ppo/losses.py": (
        f"{PPO}/test_losses_edges.py",
        f"{PPO}/test_loss_parts_edges.py",
    ),
    "training/ppo/rollouts/advantages.py": (f"{PPO}/test_advantages_edges.py",),
    "training/ppo/controllers/lagrange.py": (
        f"{PPO}/test_lagrange_edges.py",
        f"{PPO}/test_lagrange.py",
    ),
    "training/ppo/controllers/kl_anchor.py": (
        f"{PPO}/test_kl_anchor_edges.py",
        f"{PPO}/test_kl_anchor.py",
    ),
    "training/ppo/rollouts/buffer.py": (f"{PPO}/test_rollout_buffer_edges.py",),
    "training/imitation/returns.py": ("tests/training/imitation/test_returns_edges.py",),
    "demos/data/episodes/episode.py": (
        f"{DATA}/episodes/test_episode_edges.py",
        f"{DATA}/episodes/test_episode.py",
    ),
    "demos/data/journal/records.py": (f"{DATA}/journal/test_records_edges.py",),
    "demos/data/journal/to_episodes.py": (f"{DATA}/journal/test_records_edges.py",),
    "demos/data/journal/take.py": (
        f"{DATA}/journal/test_take_edges.py",
        f"{DATA}/journal/test_records_edges.py",
        f"{DATA}/journal/test_take.py",
    ),
    "demos/sessions/game/recording.py": ("tests/demos/sessions/game/test_recording_edges.py",),
    "demos/sessions/match/watch_results.py": ("tests/demos/sessions/match/test_tally_edges.py",),
    "demos/sessions/play/ratings.py": (f"{PLAY}/test_ratings_edges.py",),
    "agents/evaluation/games.py": (f"{JUDGED}/test_games_edges.py",),
    "agents/evaluation/statistics.py": (
        f"{JUDGED}/test_statistics_edges.py",
        f"{JUDGED}/test_statistics.py",
    ),
    **dict.fromkeys(
        (
            "training/gate/best_agent.py",
            "training/gate/judge.py",
            "training/gate/verdict.py",
            "training/gate/writers.py",
        ),
        tuple(
            f"tests/training/gate/test_{name}.py"
            for name in ("gate_edges", "when_judged", "judge", "writers")
        ),
    ),
}
