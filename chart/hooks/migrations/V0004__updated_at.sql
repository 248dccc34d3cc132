CREATE FUNCTION set_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION set_updated_at() IS 'Trigger: updated_at follows every update of a row';

CREATE TRIGGER customer_info_updated_at BEFORE UPDATE ON customer_info
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER bill_inquiry_history_updated_at BEFORE UPDATE ON bill_inquiry_history
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER kos_inquiry_history_updated_at BEFORE UPDATE ON kos_inquiry_history
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER system_config_updated_at BEFORE UPDATE ON system_config
FOR EACH ROW EXECUTE FUNCTION set_updated_at();
