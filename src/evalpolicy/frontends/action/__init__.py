"""The program behind the composite action (action.yml): inputs in, checks and reports out."""
