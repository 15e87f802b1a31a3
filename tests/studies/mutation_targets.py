"""What decides, and the tests that guard it: quick ones, since they run once for each mutant."""

PPO, DATA, PLAY = "tests/training/ppo", "tests/demos/data", "tests/demos/sessions/play"

TARGETS: dict[str, tuple[str, ...]] = {
    "training/ppo/losses.py": (f"{PPO}/test_losses_edges.py",),
    "training/ppo/advantages.py": (f"{PPO}/test_advantages_edges.py",),
    "training/ppo/lagrange.py": (f"{PPO}/test_lagrange_edges.py", f"{PPO}/test_lagrange.py"),
}
