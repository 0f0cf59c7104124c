"""Tests of the pretend Plivo, Slack and mail server."""
