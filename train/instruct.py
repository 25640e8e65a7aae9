"""Second phase: mostly dialogues, while the learning rate falls to nothing.

python instruct.py --data RUN/data --run RUN/tiny
"""

import phases

if __name__ == "__main__":
    phases.run(phases.parse(__doc__, 20_000_000, 240), "instruct", chat_share=0.85, decays=True)
