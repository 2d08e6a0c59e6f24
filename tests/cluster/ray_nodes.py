"""A Ray cluster on this machine, in a process of its own, since Ray keeps the token of the first cluster that it meets.

Prints its address, takes a node away for every line that it reads, saying how many are left, and ends with its input.
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster


def main() -> None:
    """Start a head, which does no work, and two nodes of one core each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    print(f"address {cluster.address}", flush=True)
    for _ in sys.stdin:
        nodes = cluster.list_all_nodes()
        cluster.remove_node(nodes[-1], allow_graceful=False)
        print(f"left {len(nodes) - 1}", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
