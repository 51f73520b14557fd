"""Bag replay: a recording and questions in; answers, scores, timings and an HTML report out.

source --looking--> (frame, Scene) --run--> answers.jsonl, rewards.jsonl
                                      \\--summary--> summary.json --page--> report.html
"""
