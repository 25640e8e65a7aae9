"""First phase: one third texts, two thirds dialogues, at the full learning rate.

python pretrain.py --data RUN/data --run RUN/tiny --model millrace-tiny
"""

import phases

if __name__ == "__main__":
    phases.run(phases.parse(__doc__, 50_000_000, 600), "pretrain", chat_share=0.65, decays=False)
