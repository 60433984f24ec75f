"""What no audit can be faster than. `needed` is what the simulator says of a workspace, counted in the workspace itself."""

from processes import before_confirmations, requests_of


def wall(needed, latency, at_once):
    """The least time for one workspace, in seconds: as long as the longest chain of requests that follow from each other,
    one confirmation at its end included, and as long as all requests take with so many at once."""
    chain = needed["longest_chain"] + (1 if needed["confirmations"] else 0)
    return max(chain * latency, requests_of(needed) * latency / at_once)


def wall_with_barrier(needed, latency, at_once):
    """The same where no confirmation is sent before everything else is known, which is what makes it one."""
    before = max(needed["longest_chain"] * latency, before_confirmations(needed) * latency / at_once)
    if not needed["confirmations"]:
        return before
    return before + max(latency, needed["confirmations"] * latency / at_once)


def walls(all_needed, latency, at_once, total):
    """Both for several workspaces together: none is faster than by itself, and all share what may be in flight."""
    together = sum(map(requests_of, all_needed)) * latency / total
    return tuple(
        max(together, *(bound(needed, latency, at_once) for needed in all_needed))
        for bound in (wall, wall_with_barrier)
    )
