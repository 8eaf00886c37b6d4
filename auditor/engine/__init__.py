"""Rule by resource: verdicts, observed values, controls and the gate; pure."""
