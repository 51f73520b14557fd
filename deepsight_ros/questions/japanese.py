"""placeholder"""
from deepsight_ros.questions.query import NotUnderstood
def match(text, vocabulary): return NotUnderstood("")
