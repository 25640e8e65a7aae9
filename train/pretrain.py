"""First phase: texts and dialogues in equal parts at the full learning rate.

python pretrain.py --data RUN/data --run RUN/tiny --model millrace-tiny
"""

import phases

if __name__ == "__main__":
    phases.run(phases.parse(__doc__, 50_000_000, 600), "pretrain", chat_share=0.55, decays=False)
